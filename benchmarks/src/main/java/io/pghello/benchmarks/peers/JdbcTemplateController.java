// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import java.util.Map;
import java.util.Objects;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Handwritten code in a Spring Boot application. */
@RestController
public final class JdbcTemplateController {
  private final JdbcTemplate jdbc;

  JdbcTemplateController(JdbcTemplate jdbc) {
    this.jdbc = jdbc;
  }

  @GetMapping("/greeting/{name}")
  Map<String, String> greeting(@PathVariable String name) {
    String greeting = jdbc.queryForObject("SELECT pg_hello(?)", String.class, name);
    return Map.of("greeting", Objects.requireNonNull(greeting));
  }
}
