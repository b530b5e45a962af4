// SPDX-License-Identifier: MIT
/** The command {@code report}, which prints reports of the extension {@code pg_hello_ops}. */
@NullMarked
package io.pghello.cli.report;

import org.jspecify.annotations.NullMarked;
