// SPDX-License-Identifier: MIT
/**
 * How the extension is installed, what is wrong with it, and which statements call it. May change
 * in any release.
 */
@NullMarked
package io.pghello.internal.installation;

import org.jspecify.annotations.NullMarked;
