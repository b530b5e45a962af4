// SPDX-License-Identifier: MIT
/** How the testkit does it. May change in any release. */
@NullMarked
package io.pghello.testkit.internal;

import org.jspecify.annotations.NullMarked;
