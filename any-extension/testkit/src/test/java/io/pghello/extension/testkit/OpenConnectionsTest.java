// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.ref.WeakReference;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class OpenConnectionsTest {
  /** Returns a fake connection, because real ones would take long. */
  private static Connection closed(boolean closed) {
    var isClosed = new AtomicBoolean(closed);
    return (Connection)
        Proxy.newProxyInstance(
            OpenConnectionsTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("close")) {
                isClosed.set(true);
              }
              return method.getName().equals("isClosed") ? isClosed.get() : null;
            });
  }

  @Test
  void forgetsClosedConnections() throws Exception {
    var opened = new OpenConnections();
    var connections = new ArrayList<WeakReference<Connection>>();
    Connection left = opened.track(closed(false));
    for (int i = 0; i < 10_000; i++) {
      connections.add(new WeakReference<>(opened.track(closed(true))));
    }
    System.gc();
    assertThat(connections.stream().filter(each -> each.get() != null).count())
        .isLessThanOrEqualTo(1_000);
    assertThatThrownBy(opened::finish).hasMessageStartingWith("the test left 1 connection(s) open");
    assertThat(left.isClosed()).isTrue();
  }
}
