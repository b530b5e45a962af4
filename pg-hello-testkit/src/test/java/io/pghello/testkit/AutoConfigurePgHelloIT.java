// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.RepeatedTest;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

/** A context's own database with the extension, which is restored before each test. */
@DirtiesContext
@SpringJUnitConfig(AutoConfigurePgHelloIT.Application.class)
@AutoConfigurePgHello(reset = Reset.BEFORE_EACH_METHOD)
class AutoConfigurePgHelloIT {
  @Autowired private Environment environment;

  @Configuration
  static class Application {}

  @RepeatedTest(2)
  void restoresTheDatabase() throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(environment.getRequiredProperty("spring.datasource.url"));
        Statement statement = connection.createStatement()) {
      // fails if the table exists
      statement.execute("CREATE TABLE once ()");
      try (ResultSet row = statement.executeQuery("SELECT pg_hello('Ada')")) {
        row.next();
        assertThat(row.getString(1)).isEqualTo("Hello, Ada!");
      }
    }
  }
}
