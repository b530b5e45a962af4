// SPDX-License-Identifier: MIT
/** Execution of statements: timeouts, read-only protection, parameters, results, errors. */
@NullMarked
package io.pghello.plugin.internal.run;

import org.jspecify.annotations.NullMarked;
