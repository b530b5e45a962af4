// SPDX-License-Identifier: MIT
/**
 * Calls of a function of any extension, which share statements when they would have to wait. Start
 * with {@link io.pghello.extension.batching.CoalescedFunction#create}.
 */
@NullMarked
package io.pghello.extension.batching;

import org.jspecify.annotations.NullMarked;
