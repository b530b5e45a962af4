// SPDX-License-Identifier: MIT
/** Statements on connections: timeouts, errors, retries, answers. May change in any release. */
@NullMarked
package io.pghello.extension.batching.internal.jdbc;

import org.jspecify.annotations.NullMarked;
