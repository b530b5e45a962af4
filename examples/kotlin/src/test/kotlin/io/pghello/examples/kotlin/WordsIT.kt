// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import io.pghello.extension.testkit.ExtensionTest
import java.sql.Connection
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test

// region test
@ExtensionTest(extensions = ["pg_trgm", "hstore"])
class WordsIT {
  @Test
  fun comparesWords(connection: Connection) {
    connection.createStatement().use { statement ->
      statement.executeQuery("SELECT similarity('PostgreSQL', 'Postgres')").use { row ->
        row.next()
        assertThat(row.getDouble(1)).isGreaterThan(0.5)
      }
    }
  }
}
// endregion
