// SPDX-License-Identifier: MIT
/** Running of statements: time-outs, read-only protection, parameters, results, errors. */
@NullMarked
package io.pghello.plugin.internal.run;

import org.jspecify.annotations.NullMarked;
