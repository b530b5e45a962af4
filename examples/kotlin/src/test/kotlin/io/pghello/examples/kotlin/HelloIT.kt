// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import io.pghello.PgHelloClient
import io.pghello.testkit.PgHelloTest
import javax.sql.DataSource
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test

// region test
@PgHelloTest
class HelloIT {
  @Test
  suspend fun greets(dataSource: DataSource) {
    PgHelloClient.create(dataSource).use { client ->
      assertThat(client.greet("Ada")).isEqualTo("Hello, Ada!")
    }
  }
}
// endregion
