// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.pghello.examples.users.Greeter.Greeting;
import io.pghello.examples.web.GreetedName;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Email;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.net.URI;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.data.domain.Limit;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The REST API for users. */
@RestController
@RequestMapping(path = "/users", produces = MediaType.APPLICATION_JSON_VALUE)
class UserController {
  private static final int MAX_USERS = 1_000;

  private final UserRepository users;
  private final Greeter greeter;

  UserController(UserRepository users, Greeter greeter) {
    this.users = users;
    this.greeter = greeter;
  }

  record NewUser(@GreetedName String username, @NotNull @Email @Size(max = 100) String email) {}

  record UserAnswer(
      int id,
      String username,
      String email,
      @JsonProperty("created_at") long createdAt,
      @JsonProperty("welcome_message") @Nullable String welcomeMessage) {
    static UserAnswer of(User user) {
      return new UserAnswer(
          Objects.requireNonNull(user.getId()),
          user.getUsername(),
          user.getEmail(),
          user.getCreatedAt(),
          user.getWelcomeMessage());
    }
  }

  record UsersAnswer(List<UserAnswer> users) {}

  /** Signs up a user in one statement. */
  @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE)
  ResponseEntity<UserAnswer> signUp(@RequestBody @Valid NewUser user) {
    try {
      UserAnswer saved = UserAnswer.of(users.save(new User(user.username(), user.email())));
      return ResponseEntity.created(URI.create("/users/" + saved.id())).body(saved);
    } catch (DataIntegrityViolationException e) {
      throw UsernameTakenException.caused(e) ? new UsernameTakenException(e) : e;
    }
  }

  /** Returns users in the order of their ids, starting after the given id. */
  @GetMapping
  UsersAnswer users(
      @RequestParam(defaultValue = "0") @Min(0) int after,
      @RequestParam(defaultValue = "100") @Min(1) @Max(MAX_USERS) int limit) {
    return new UsersAnswer(
        users.findByIdGreaterThanOrderById(after, Limit.of(limit)).stream()
            .map(UserAnswer::of)
            .toList());
  }

  @GetMapping("/{id}")
  UserAnswer user(@PathVariable int id) {
    return UserAnswer.of(find(id));
  }

  /** Greets a user, through the greeting service if it is available. */
  @GetMapping("/{id}/greeting")
  Greeting greeting(@PathVariable int id) {
    return greeter.greet(find(id));
  }

  private User find(int id) {
    return users.findById(id).orElseThrow(NoSuchUserException::new);
  }
}
