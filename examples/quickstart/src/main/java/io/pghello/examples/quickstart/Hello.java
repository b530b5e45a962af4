// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

// region program
import io.pghello.PgHelloClient;

public class Hello {
  public static void main(String[] args) {
    // jdbc:postgresql://localhost/app?user=app&password=secret
    try (PgHelloClient client = PgHelloClient.builder().url(args[0]).build()) {
      System.out.println(client.hello("Ada"));
    }
  }
}
// endregion
