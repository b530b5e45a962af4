// SPDX-License-Identifier: MIT
/**
 * The machine that the program runs on: subprocesses, files, servers of its own, and what is undone
 * when a command fails. Uses {@code connect} and {@code output}.
 */
@NullMarked
package io.pghello.cli.system;

import org.jspecify.annotations.NullMarked;
