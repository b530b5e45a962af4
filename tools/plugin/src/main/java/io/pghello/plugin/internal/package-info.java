// SPDX-License-Identifier: MIT
/** Code that the packages of the plugin share: errors, JSON, texts. */
@NullMarked
package io.pghello.plugin.internal;

import org.jspecify.annotations.NullMarked;
