// SPDX-License-Identifier: MIT
/** Unmodified servers and their programs. May change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal.distribution;

import org.jspecify.annotations.NullMarked;
