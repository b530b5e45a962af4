// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.spring.GreetingService.Greeting;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

@SpringBootTest
@AutoConfigurePgHello
class GreetingServiceIT {
  @Autowired GreetingService service;

  @Test
  void greetsMany() {
    assertThat(service.bulkGreetings(List.of("Ada", "O'Brien")))
        .containsExactly(
            new Greeting("Ada", "Hello, Ada!"), new Greeting("O'Brien", "Hello, O'Brien!"));
    assertThat(service.currentTimestamp()).isPositive();
  }
}
