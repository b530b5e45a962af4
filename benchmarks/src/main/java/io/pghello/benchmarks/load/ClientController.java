// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.PgHelloClient;
import java.util.Map;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** The counterpart of {@code JdbcTemplateController}. It uses the starter's client. */
@RestController
public final class ClientController {
  private final PgHelloClient client;

  ClientController(PgHelloClient client) {
    this.client = client;
  }

  @GetMapping("/greeting/{name}")
  Map<String, String> greeting(@PathVariable String name) {
    return Map.of("greeting", client.hello(name));
  }
}
