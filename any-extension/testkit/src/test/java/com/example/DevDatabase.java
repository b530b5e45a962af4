// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.testkit.ExtensionServer;

public class DevDatabase {
  public static void main(String[] args) throws InterruptedException {
    try (ExtensionServer server = ExtensionServer.builder().extension("pg_trgm").start()) {
      System.out.println(server.createDatabase("dev").jdbcUrl());
      Thread.sleep(Long.MAX_VALUE);
    }
  }
}
