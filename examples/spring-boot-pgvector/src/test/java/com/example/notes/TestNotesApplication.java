// SPDX-License-Identifier: MIT
// region run
package com.example.notes;

import io.pghello.extension.testkit.ExtensionServer;
import org.springframework.boot.SpringApplication;

public class TestNotesApplication {
  public static void main(String[] args) {
    // DevTools calls main again after each change: keep the database
    if (System.getProperty("spring.datasource.url") == null) {
      ExtensionServer server =
          ExtensionServer.builder().extension("vector").extension("postgis").start();
      System.setProperty("spring.datasource.url", server.createDatabase().jdbcUrl());
    }
    SpringApplication.from(NotesApplication::main).run(args);
  }
}
// endregion
