// SPDX-License-Identifier: MIT
/** Servers for tests. May change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal.junit;

import org.jspecify.annotations.NullMarked;
