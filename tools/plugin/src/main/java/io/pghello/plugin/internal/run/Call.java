// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import io.pghello.plugin.Permissions;
import io.pghello.plugin.internal.pool.Pool;
import org.jspecify.annotations.Nullable;

/**
 * The call that statements run for.
 *
 * @param pool the pool, which is retained meanwhile
 * @param permissions what the connection may do
 * @param timeoutMillis the time of each statement, or of all of a transaction
 * @param transactionId the transaction that they run in; null for one of their own
 * @param caller who may cancel them
 */
public record Call(
    Pool pool,
    Permissions permissions,
    long timeoutMillis,
    @Nullable String transactionId,
    Caller caller) {}
