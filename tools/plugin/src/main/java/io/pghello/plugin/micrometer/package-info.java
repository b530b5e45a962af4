// SPDX-License-Identifier: MIT
/** Meters of the plugin. Needs Micrometer on the class path. */
@NullMarked
package io.pghello.plugin.micrometer;

import org.jspecify.annotations.NullMarked;
