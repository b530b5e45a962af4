// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.when;

import io.pghello.PgHelloOperations;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

/**
 * An application's tests can replace the client with a mock of an interface and run without a
 * database.
 */
@SpringBootTest(
    classes = Contexts.Jdbc.class,
    webEnvironment = SpringBootTest.WebEnvironment.NONE,
    properties = {
      "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/none",
      "pg-hello.preflight=fail"
    })
class MockedClientIT {
  // region mock
  @MockitoBean PgHelloOperations client;
  @Autowired PgHelloOperations injected;

  @Test
  void answersInPlaceOfTheClient() {
    when(client.hello("Ada")).thenReturn("mocked");
    assertThat(injected.hello("Ada")).isEqualTo("mocked");
  }
  // endregion
}
