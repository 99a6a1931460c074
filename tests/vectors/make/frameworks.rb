# Prints one line for each value: scheme, source, how, stored, password, salt, pepper; each in base64, separated by
# tabs. Passwords come from standard input, one a line, as base64. The argument is the folder in which Debian's
# ruby-devise was unpacked.
require "base64"
require "digest"

# What Devise's encryptor takes from Rails.
class Object
  def blank? = respond_to?(:empty?) ? empty? : !self
  def present? = !blank?
end
module Devise; end
require Dir["#{ARGV[0]}/usr/share/rubygems-integration/all/gems/devise-*/lib/devise/encryptor.rb"].first

def show(*fields) = puts(fields.map { |field| Base64.strict_encode64(field) }.join("\t"))

User = Struct.new(:pepper, :stretches)
RUBY = "Ruby 3.1's digest"
STDIN.each_line do |line|
  p = Base64.decode64(line).force_encoding("UTF-8")
  salt, pepper = "zBq2mJp4Rkd8Z6xkQ9Xb", "f00fc7c8b1d2a3e4"
  ["", pepper].each do |one|
    value = Devise::Encryptor.digest(User.new(one, 4), p[0, 40])
    how = "Devise::Encryptor.digest(pepper #{one.inspect}, password)"
    show("devise", "Devise 4.8.1, bcrypt 3.1.18", how, value, p[0, 40], "", one)
  end
  { "devise-sha1" => Digest::SHA1, "devise-sha512" => Digest::SHA512 }.each do |scheme, digest|
    value = pepper
    10.times { value = digest.hexdigest("--" + [salt, value, p, pepper].join("--") + "--") }
    show(scheme, RUBY, "10 times hexdigest of --salt--round before--password--pepper--, as devise-encryptable does",
         value, p, salt, pepper)
  end
  value = p
  10.times { value = Digest::SHA1.hexdigest([value, salt].join("--")) }
  show("authlogic-sha1", RUBY, "10 times hexdigest of round before--salt, as Authlogic does", value, p, salt, "")
  value = p + salt
  20.times { value = Digest::SHA512.hexdigest(value) }
  show("authlogic-sha512", RUBY, "20 times hexdigest of password and salt, as Authlogic does", value, p, salt, "")
  show("clearance-sha1", RUBY, "hexdigest of --salt--password--, as Clearance does",
       Digest::SHA1.hexdigest("--#{salt}--#{p}--"), p, salt, "")
end
