// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallerTest {
  @Test
  void runsAllTasksDespiteExceptions() {
    List<String> done = new ArrayList<>();
    Caller caller = Caller.of(null);
    caller.rest().add(() -> done.add("connection"));
    caller
        .rest()
        .add(
            () -> {
              throw new IllegalStateException("the connection is broken");
            });
    caller.rest().add(() -> done.add("permit"));

    assertThatThrownBy(caller::close).hasMessage("the connection is broken");

    assertThat(done).containsExactly("connection", "permit");
    assertThat(caller.rest()).isEmpty();
  }
}
