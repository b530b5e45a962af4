// SPDX-License-Identifier: MIT
/** The proxy that counts round trips. May change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal.proxy;

import org.jspecify.annotations.NullMarked;
