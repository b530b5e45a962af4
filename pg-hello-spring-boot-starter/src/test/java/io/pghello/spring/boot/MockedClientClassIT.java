// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.when;

import io.pghello.PgHelloClient;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

/** An application starts without a database if its client is a mock of the class. */
@SpringBootTest(
    classes = Contexts.Jdbc.class,
    webEnvironment = SpringBootTest.WebEnvironment.NONE,
    properties = {
      "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/none",
      "pg-hello.preflight=fail"
    })
class MockedClientClassIT {
  @MockitoBean PgHelloClient client;

  @Test
  void startsWithoutDatabase() {
    when(client.hello("Ada")).thenReturn("mocked");
    assertThat(client.hello("Ada")).isEqualTo("mocked");
  }
}
