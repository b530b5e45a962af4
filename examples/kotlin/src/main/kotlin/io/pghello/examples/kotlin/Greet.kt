// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

// region program
import io.pghello.PgHelloClient
import kotlinx.coroutines.runBlocking

fun main(args: Array<String>) = runBlocking {
  // jdbc:postgresql://localhost/app?user=app&password=secret
  PgHelloClient.builder().url(args[0]).build().use { client ->
    client.greetEach(args.drop(1)).forEach(::println)
  }
}
// endregion
