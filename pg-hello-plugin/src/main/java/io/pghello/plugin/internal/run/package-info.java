// SPDX-License-Identifier: MIT
/** Statements that run: time-outs, fences, parameters, results, errors. */
@NullMarked
package io.pghello.plugin.internal.run;

import org.jspecify.annotations.NullMarked;
