// SPDX-License-Identifier: MIT
// region test
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.PgHelloClient;
import io.pghello.testkit.PgHelloTest;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@PgHelloTest
class GreetingTest {
  @Test
  void greets(DataSource dataSource) {
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertEquals("Hello, Ada!", client.hello("Ada"));
  }
}
// endregion
