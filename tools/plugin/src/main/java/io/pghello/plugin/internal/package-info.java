// SPDX-License-Identifier: MIT
/** Shared code of the plugin: errors, JSON, texts. */
@NullMarked
package io.pghello.plugin.internal;

import org.jspecify.annotations.NullMarked;
