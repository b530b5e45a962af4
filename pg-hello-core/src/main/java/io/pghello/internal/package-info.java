// SPDX-License-Identifier: MIT
/** How the client does it. May change in any release. */
@NullMarked
package io.pghello.internal;

import org.jspecify.annotations.NullMarked;
