// SPDX-License-Identifier: MIT
/** Meters of the plugin. This package needs Micrometer on the class path. */
@NullMarked
package io.pghello.plugin.micrometer;

import org.jspecify.annotations.NullMarked;
