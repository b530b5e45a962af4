// SPDX-License-Identifier: MIT
/**
 * The extension's installation: its state, its problems, and the statements that call its
 * functions. May change in any release.
 */
@NullMarked
package io.pghello.extension.batching.internal.installation;

import org.jspecify.annotations.NullMarked;
