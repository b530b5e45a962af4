// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import io.pghello.PgHelloAsyncOperations
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withTimeoutOrNull

// region await
/** Greets a name without blocking the thread. Cancelling the coroutine cancels the call. */
suspend fun PgHelloAsyncOperations.greet(name: String): String = helloAsync(name).await()

/** Greets many names in as few round trips as possible. */
suspend fun PgHelloAsyncOperations.greetAll(names: Collection<String>): List<String> =
  helloAllAsync(names).await()

// endregion

// region concurrent
/** Greets each name in a separate call. If one fails, the others are cancelled. */
suspend fun PgHelloAsyncOperations.greetEach(names: Collection<String>): List<String> =
  coroutineScope {
    names.map { name -> async { greet(name) } }.awaitAll()
  }

// endregion

// region limit
/** Throws a FunctionCallException with code TIMEOUT or CONNECTION_UNAVAILABLE after the limit. */
suspend fun PgHelloAsyncOperations.greetWithin(limit: Duration, name: String): String =
  withTimeout(limit.toJavaDuration()).greet(name)

/** Returns a default greeting if the limit expires, and cancels the call. */
suspend fun PgHelloAsyncOperations.greetOrDefault(limit: Duration, name: String): String =
  withTimeoutOrNull(limit) { greet(name) } ?: "Hello!"
// endregion
