// SPDX-License-Identifier: MIT
/** The implementation of the testkit. It may change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal;

import org.jspecify.annotations.NullMarked;
