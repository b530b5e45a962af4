// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import io.pghello.hibernate.NowMillis
import io.pghello.hibernate.WelcomeMessage
import jakarta.persistence.Entity
import jakarta.persistence.GeneratedValue
import jakarta.persistence.GenerationType
import jakarta.persistence.Id
import jakarta.persistence.SequenceGenerator
import jakarta.persistence.Table

/**
 * A user. The caller passes the properties in the constructor; Hibernate and the server set the
 * properties in the body.
 */
// region entity
@Entity
@Table(name = "users")
data class User(var username: String, var email: String) {
  @field:Id
  @field:GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "users_id")
  @field:SequenceGenerator(name = "users_id", sequenceName = "users_id", allocationSize = 50)
  var id: Long? = null
    protected set

  @field:WelcomeMessage(of = "username")
  var greeting: String? = null
    protected set

  @field:NowMillis
  var createdAt: Long = 0
    protected set
}
// endregion
