// SPDX-License-Identifier: MIT
/** Shared code of the plugin: errors, JSON, strings. */
@NullMarked
package io.pghello.plugin.internal;

import org.jspecify.annotations.NullMarked;
