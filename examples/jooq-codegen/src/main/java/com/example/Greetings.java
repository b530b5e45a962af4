// SPDX-License-Identifier: MIT
package com.example;

import static com.example.db.Routines.nowMs;
import static com.example.db.Routines.pgHello;
import static com.example.db.Tables.USERS;

import org.jooq.CloseableDSLContext;
import org.jooq.impl.DSL;

/** Greets all users of a database with what jOOQ generated from it. */
public final class Greetings {
  private Greetings() {}

  public static void main(String[] args) {
    try (CloseableDSLContext ctx = DSL.using(args[0])) {
      ctx.insertInto(USERS, USERS.USERNAME, USERS.EMAIL).values("Ada", "ada@example.com").execute();
      ctx.select(pgHello(USERS.USERNAME), nowMs(), USERS.CREATED_AT)
          .from(USERS)
          .forEach(row -> System.out.println(row.value1() + " " + row.value3()));
    }
  }
}
