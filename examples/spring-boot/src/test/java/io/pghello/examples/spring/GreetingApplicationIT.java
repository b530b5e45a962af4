// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

// region test
@SpringBootTest
@AutoConfigurePgHello
class GreetingApplicationIT {
  @Autowired PgHelloClient client;

  @Test
  void greets() {
    assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
  }
}
// endregion
