// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("replaces System.out")
class DevDatabaseIT {
  @Test
  void serverRunsUntilTheProgramIsInterrupted() throws Exception {
    var lines = new LinkedBlockingQueue<String>();
    PrintStream console = System.out;
    System.setOut(
        new PrintStream(console) {
          @Override
          public void println(String line) {
            lines.add(line);
          }
        });
    Thread program =
        new Thread(
            () -> {
              try {
                DevDatabase.main(new String[0]);
              } catch (InterruptedException e) {
                lines.add("interrupted");
              }
            });
    String url;
    try {
      program.start();
      url = lines.poll(1, TimeUnit.MINUTES);
      assertNotNull(url);
      try (Connection connection = DriverManager.getConnection(url)) {
        assertEquals("dev", SessionsIT.ask(connection, "SELECT current_database()"));
        assertEquals("t", SessionsIT.ask(connection, "SELECT 'PostgreSQL' % 'Postgres'"));
      }
    } finally {
      program.interrupt();
      program.join();
      System.setOut(console);
    }
    assertEquals("interrupted", lines.poll());
    var refused = assertThrows(SQLException.class, () -> DriverManager.getConnection(url));
    assertEquals("08001", refused.getSQLState());
  }
}
