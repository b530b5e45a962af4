// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import io.pghello.extension.testkit.TestDatabase
import io.pghello.testkit.PgHelloTest
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test

/** Tests the program `Greet`. */
@PgHelloTest
class GreetIT {
  @Test
  fun greetsItsArguments(database: TestDatabase) {
    val output = ByteArrayOutputStream()
    val standard = System.out
    System.setOut(PrintStream(output, true, Charsets.UTF_8))
    try {
      main(arrayOf(database.jdbcUrl(), "Ada", "Zoë"))
    } finally {
      System.setOut(standard)
    }
    assertThat(output.toString(Charsets.UTF_8).lines())
      .containsExactly("Hello, Ada!", "Hello, Zoë!", "")
  }
}
