// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.postgresql.ds.PGSimpleDataSource;

/** A program that prints events. Each line of its standard input acknowledges one event. */
final class Listen {
  private Listen() {}

  /**
   * Prints one event per line until standard input ends.
   *
   * @param args the JDBC URL
   */
  public static void main(String[] args) throws InterruptedException {
    var database = new PGSimpleDataSource();
    database.setURL(args[0]);
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var ended = new CountDownLatch(1);
    // region handler
    Outbox.Delivery delivery =
        new Outbox(database)
            .listen(
                Duration.ofSeconds(1),
                event -> {
                  out.println(event.topic() + " " + event.payload());
                  if (in.readLine() == null) {
                    ended.countDown();
                    throw new IOException(
                        "the input has ended, so events can no longer be acknowledged");
                  }
                });
    // endregion
    ended.await();
    delivery.close();
  }
}
