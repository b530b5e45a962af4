// SPDX-License-Identifier: MIT
/** The operations of the plugin. */
@NullMarked
package io.pghello.plugin.internal.operations;

import org.jspecify.annotations.NullMarked;
