// SPDX-License-Identifier: MIT
/**
 * Output of commands: status, findings, tables, JSON and progress; also durations of options. The
 * lowest package, which uses no others.
 */
@NullMarked
package io.pghello.cli.output;

import org.jspecify.annotations.NullMarked;
