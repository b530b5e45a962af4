// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.ref.WeakReference;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class OpenConnectionsTest {
  /** Returns a fake connection, because real ones would take long. */
  private static Connection closed(boolean closed) {
    return (Connection)
        Proxy.newProxyInstance(
            OpenConnectionsTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> method.getName().equals("isClosed") ? closed : null);
  }

  @Test
  void forgetsClosedConnections() throws Exception {
    var opened = new OpenConnections();
    var connections = new ArrayList<WeakReference<Connection>>();
    opened.track(closed(false));
    for (int i = 0; i < 10_000; i++) {
      connections.add(new WeakReference<>(opened.track(closed(true))));
    }
    System.gc();
    assertThat(connections.stream().filter(each -> each.get() != null).count())
        .isLessThanOrEqualTo(1_000);
    assertThatThrownBy(opened::finish).hasMessageStartingWith("the test left 1 connection(s) open");
  }
}
