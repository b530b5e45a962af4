// SPDX-License-Identifier: MIT
/**
 * The machine that the program runs on: child processes, files, temporary servers, and cleanup
 * after failures. Uses {@code connect} and {@code output}.
 */
@NullMarked
package io.pghello.cli.system;

import org.jspecify.annotations.NullMarked;
