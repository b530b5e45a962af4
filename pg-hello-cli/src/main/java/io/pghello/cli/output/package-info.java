// SPDX-License-Identifier: MIT
/**
 * What commands print: status, findings, tables, JSON, progress; and how they read durations. The
 * lowest package, which uses no other.
 */
@NullMarked
package io.pghello.cli.output;

import org.jspecify.annotations.NullMarked;
