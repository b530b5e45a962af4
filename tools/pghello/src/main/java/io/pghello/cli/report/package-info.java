// SPDX-License-Identifier: MIT
/** Reports of the extension {@code pg_hello_ops}: {@code report}. */
@NullMarked
package io.pghello.cli.report;

import org.jspecify.annotations.NullMarked;
