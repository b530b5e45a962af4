// SPDX-License-Identifier: MIT
/** The JUnit extension that provides tests with databases. May change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal.junit;

import org.jspecify.annotations.NullMarked;
