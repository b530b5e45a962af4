// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import org.jspecify.annotations.Nullable;

/** A role and its password. The password is null if the server does not require one. */
public record Login(String user, @Nullable String password) {
  @Override
  public String toString() {
    return user;
  }
}
