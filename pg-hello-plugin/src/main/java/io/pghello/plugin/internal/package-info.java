// SPDX-License-Identifier: MIT
/** What the rooms of the plugin share: errors, JSON, texts. */
@NullMarked
package io.pghello.plugin.internal;

import org.jspecify.annotations.NullMarked;
