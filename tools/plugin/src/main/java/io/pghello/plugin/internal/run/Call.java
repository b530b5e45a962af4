// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import io.pghello.plugin.Permissions;
import io.pghello.plugin.internal.pool.Pool;
import org.jspecify.annotations.Nullable;

/**
 * A call of an operation, with the settings that apply to the statements of the call.
 *
 * @param pool the pool, which is retained during the call
 * @param permissions the permissions of the connection
 * @param timeoutMillis the timeout of each statement, or of the whole transaction
 * @param transactionId the transaction to run in; null for a new one
 * @param caller the caller, which can cancel the statements
 */
public record Call(
    Pool pool,
    Permissions permissions,
    long timeoutMillis,
    @Nullable String transactionId,
    Caller caller) {}
