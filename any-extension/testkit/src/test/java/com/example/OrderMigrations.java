// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.testkit.FlywayMigrations;
import java.util.Map;

public class OrderMigrations extends FlywayMigrations {
  public OrderMigrations() {
    super(Map.of("flyway.locations", "classpath:db/orders", "flyway.placeholders.currency", "EUR"));
  }
}
