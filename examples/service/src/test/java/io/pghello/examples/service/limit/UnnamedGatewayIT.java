// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.service.Http;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Nobody may name the client, not even where Spring Boot finds Kubernetes around it. */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {"greeting.rate-limit.delay=0s", "spring.main.cloud-platform=kubernetes"})
@AutoConfigurePgHello
class UnnamedGatewayIT {
  @LocalServerPort int port;

  @Test
  void aHeaderIsNotBelieved() throws Exception {
    var http = new Http(port);
    for (int i = 0; i < 100; i++) {
      http.get("/api/greeting/Ada", "X-Forwarded-For", "192.0.2." + i);
    }
    assertThat(http.get("/api/greeting/Ada", "X-Forwarded-For", "192.0.2.200").status())
        .isEqualTo(429);
  }
}
