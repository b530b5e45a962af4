// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import com.zaxxer.hikari.HikariConfig
import com.zaxxer.hikari.HikariDataSource
import io.pghello.PgHelloClient
import io.pghello.extension.batching.FunctionCallException
import io.pghello.extension.batching.FunctionCallException.Code
import io.pghello.extension.testkit.WireProxy
import io.pghello.testkit.PgHelloTest
import java.sql.Connection
import javax.sql.DataSource
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test

/** Tests the suspend functions. JUnit 6 supports suspending test methods. */
@PgHelloTest
class GreetingsIT {
  private lateinit var pool: HikariDataSource
  private lateinit var client: PgHelloClient

  @BeforeEach
  fun open(dataSource: DataSource) {
    pool =
      HikariDataSource(
        HikariConfig().also {
          it.dataSource = dataSource
          it.maximumPoolSize = 1
        }
      )
    // While a statement runs, all other calls are in the queue.
    client =
      PgHelloClient.builder()
        .dataSource(pool)
        .maxInFlightBatches(1)
        .maxConcurrentAsyncCalls(1)
        .build()
  }

  @AfterEach
  fun close(proxy: WireProxy) {
    proxy.resume()
    client.close()
    pool.close()
  }

  @Test
  suspend fun awaitsACall() {
    assertThat(client.greet("Ada")).isEqualTo("Hello, Ada!")
  }

  @Test
  suspend fun greetsManyInOneRoundTrip(proxy: WireProxy) {
    client.greet("first")
    val before = proxy.roundTrips()
    assertThat(client.greetAll(NAMES)).isEqualTo(NAMES.map { "Hello, $it!" })
    assertThat(proxy.roundTrips() - before).isEqualTo(1)
  }

  @Test
  suspend fun batchesConcurrentCalls(proxy: WireProxy) {
    client.greet("first")
    val before = proxy.roundTrips()
    assertThat(client.greetEach(NAMES)).isEqualTo(NAMES.map { "Hello, $it!" })
    assertThat(proxy.roundTrips() - before).isLessThan(NAMES.size / 2L)
  }

  @Test
  suspend fun cancelsCallsWithTheirCoroutine(proxy: WireProxy) {
    stall(proxy)
    coroutineScope {
      val job = launch { client.greetEach(NAMES) }
      until { client.queuedCalls() == NAMES.size }
      job.cancelAndJoin()
      assertThat(job.isCancelled).isTrue()
      assertThat(client.queuedCalls()).isZero()
    }
    proxy.resume()
    assertThat(client.greet("Ada")).isEqualTo("Hello, Ada!")
  }

  @Test
  suspend fun cancelsTheOtherCallsIfOneFails(proxy: WireProxy) {
    stall(proxy)
    assertThat(failure { client.greetEach(NAMES + "\u0000") }).isEqualTo(Code.INVALID_ARGUMENT)
    assertThat(client.queuedCalls()).isZero()
  }

  @Test
  suspend fun failsAtTheLimit(proxy: WireProxy) {
    assertThat(client.greetWithin(1.minutes, "Ada")).isEqualTo("Hello, Ada!")
    stall(proxy)
    // the code depends on whether the call is already waiting for a connection at the limit
    assertThat(failure { client.greetWithin(200.milliseconds, "Ada") })
      .isIn(Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE)
  }

  @Test
  suspend fun replacesTheGreetingAtTheLimit(proxy: WireProxy) {
    assertThat(client.greetOrDefault(1.minutes, "Ada")).isEqualTo("Hello, Ada!")
    stall(proxy)
    assertThat(client.greetOrDefault(200.milliseconds, "Ada")).isEqualTo("Hello!")
    until { client.queuedCalls() == 0 }
  }

  @Test
  suspend fun throwsTheClientsException(connection: Connection) {
    connection.createStatement().use { it.execute("DROP EXTENSION pg_hello") }
    assertThat(failure { client.greet("Ada") }).isEqualTo(Code.NOT_CREATED)
    assertThat(failure { client.greetAll(NAMES) }).isEqualTo(Code.NOT_CREATED)
  }

  /** Stops the network while a statement holds the only connection. */
  private suspend fun stall(proxy: WireProxy) {
    client.greet("first")
    proxy.pause()
    client.helloAsync("in flight")
    until { client.inFlightStatements() == 1 }
  }

  private suspend fun until(condition: () -> Boolean) =
    withTimeout(1.minutes) { while (!condition()) delay(1.milliseconds) }

  /** Returns the code of the exception that the call throws. */
  private suspend fun failure(call: suspend () -> Unit): Code =
    try {
      call()
      throw AssertionError("no exception")
    } catch (e: FunctionCallException) {
      e.code()
    }

  private companion object {
    val NAMES = List(1_000) { "user$it" }
  }
}
