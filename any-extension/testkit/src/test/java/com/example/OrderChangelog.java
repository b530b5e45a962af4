// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.testkit.LiquibaseChangelog;
import java.util.Map;

public class OrderChangelog extends LiquibaseChangelog {
  public OrderChangelog() {
    super(Map.of("changelogFile", "db/orders/changelog.sql", "contexts", "test"));
  }
}
